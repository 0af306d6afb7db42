"""Speed and quality, measured by `just bench`.

Each module has a `run` that yields figures as soon as they are known: (what, how much), or a
row of a table as a dictionary. One that takes `sizes` measures records of so many deals.
"""
