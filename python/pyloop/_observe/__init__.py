"""What shows from outside how a loop does: metrics, reports of slow callbacks and stalls, and who can ask for them.

``state`` and ``methods`` come with every loop. The rest is imported by whoever asks: programs that do not pay nothing.
"""
