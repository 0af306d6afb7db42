"""Finding things by what they are called: keys, names, e-mail addresses and domains."""
