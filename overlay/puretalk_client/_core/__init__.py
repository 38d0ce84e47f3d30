"""The SDK runtime: requests, attempts, bodies, transports. It knows HTTP and nothing of Puretalk."""
