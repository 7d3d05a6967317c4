"""Language models: asked for JSON by a schema, streamed, their tokens counted."""
