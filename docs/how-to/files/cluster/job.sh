#!/bin/bash
#SBATCH --job-name=mirror_flickr
#SBATCH --nodes=10
#SBATCH --ntasks-per-node=1
#SBATCH --time=24:00:00
# Slurm: one worker on each node; the scheduler and the coordinator are on the first one. The folder is on a shared disk.
set -euo pipefail
shared=$HOME/flickr_cluster
mkdir -p "$shared"
rm -f "$shared/scheduler.json"
dask scheduler --no-dashboard --scheduler-file "$shared/scheduler.json" &
until [ -s "$shared/scheduler.json" ]; do sleep 1; done
srun mirror_flickr worker "$shared/scheduler.json" &
mirror_flickr --username manhhai --store 's3://archive/flickr?region=eu-west-1' --cluster "$shared/scheduler.json" \
  --until-time 07:00 --no-progress
