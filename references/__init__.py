"""Who knows whom, who may vouch for us, and what is asked of them."""
