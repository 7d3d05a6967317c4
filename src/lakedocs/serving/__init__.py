"""Models behind a URL: what an endpoint runs, how one is made, and how it is asked."""
