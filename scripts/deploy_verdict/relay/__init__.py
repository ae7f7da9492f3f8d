"""The webhook relay: Railway's webhook in, GitHub's repository_dispatch out, with no event lost."""
