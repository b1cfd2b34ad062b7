"""What a set's pictures, sounds and videos are, from their bytes.

Each module has a function of a ``FolderFile`` that says what it is, or None where it is nothing
known. Checks ask with ``file.fact(function)``; the answer is kept until the file changes.
"""
