"""The machine: cores, memory, child processes, time limits, log output."""
