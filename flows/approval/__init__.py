"""Approval of a batch's pictures before their videos are paid for."""
