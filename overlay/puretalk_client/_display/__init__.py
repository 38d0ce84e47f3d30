"""What people see of a call: its values as text, and a page of HTML."""
