"""The findings of each component in each input, kept so that later runs compute only what has changed."""
