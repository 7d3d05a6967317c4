"""The answering agent put together from the capabilities: 10 asks it in its job, and an endpoint serves it without Spark."""
