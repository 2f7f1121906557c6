"""What goes over HTTP: the models that the API answers with and the client reads, in one place."""
