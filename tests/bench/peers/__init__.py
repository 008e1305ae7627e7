"""The job queues that ringback is measured beside. What is in here runs in their virtual environment, not in ours."""
