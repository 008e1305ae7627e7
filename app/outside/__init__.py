"""The only door to the network: every URL a client gives us is fetched here, guarded, and nowhere else."""
