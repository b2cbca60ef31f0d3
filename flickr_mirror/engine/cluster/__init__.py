"""The images of a run on many machines: errands for the workers of a Dask cluster, and the coordinator's part of them.

Only `dask_client` and `dask_worker` import Dask. May import: what `engine.workers` may import, and `engine.workers`.
"""
