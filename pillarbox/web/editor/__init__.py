"""The pages of templates: the list, the editor with its preview, test messages, pushing to another Server."""
