"""Churn for minutes or hours, with every byte checked and everything that may leak counted: ``make soak``."""
