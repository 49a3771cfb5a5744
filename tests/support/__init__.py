"""Helpers shared by the behaviour tests: loops to compare, outcomes, programs run in processes of their own."""
