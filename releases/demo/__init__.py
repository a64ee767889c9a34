"""The demo: one system's story on real scores, told by calling the services like everybody else."""
