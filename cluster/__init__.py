"""The same run on several machines that share storage: an executor over a Dask cluster, and its commands."""
