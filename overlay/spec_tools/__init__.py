"""What regenerate.py and update_spec.py are made of: reading, checking, comparing and merging OpenAPI documents."""
