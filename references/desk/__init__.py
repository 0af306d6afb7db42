"""The reference desk: advocates and their consent, requests and their states, guests."""
