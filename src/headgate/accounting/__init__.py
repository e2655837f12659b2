"""What a call used and what it cost: usage of every attempt, prices, the receipt. Pure.

Money is an integer of nano-USD. Every amount says what it rests on (`Basis`): a price nobody knows
is not zero.
"""
