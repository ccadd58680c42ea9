"""The engines that run networks, each on one thread, so that N workers use N cores."""
