"""Assets: demos and collateral, their files and versions, and links by which buyers get them."""
