"""What each component has found in each input, kept so that later runs compute only what has changed."""
