"""The audit: who did what, and why, in one list; read from where each thing is recorded, and written nowhere else."""
