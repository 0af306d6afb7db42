"""Calibration: from where on nearness in meaning says anything, for each model measured."""

# A document is near by meaning from this cosine of the vectors as a model gives them, before they
# are centred. Each model has its own; with a model that has none, nothing is said to be near.
# all-MiniLM-L6-v2: of 26 nonsensical questions none came nearer than 0.44 to a whole deal, asset or
# person of the demo; 12 of 16 sentences that describe one came to between 0.46 and 0.71.
NEARNESS_FLOORS = {"all-MiniLM-L6-v2": 0.45}


def nearness_floor(model_id: str) -> float | None:
    """The floor of a model by its id; None for a model that was not measured."""
    return NEARNESS_FLOORS.get(model_id.partition("@")[0])
