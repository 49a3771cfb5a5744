"""The methods of the event loop by subject: the base classes of ``EventLoop``, and what they need."""
