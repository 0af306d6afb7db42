"""Deals: who may see them, how they change, their lists, their teams and stakeholders."""
