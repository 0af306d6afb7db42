"""Webhooks: other programs are told what happens on deals, on references, and on teams."""
