"""Compiled code for the loops over bytes: pure functions on NumPy arrays, compiled by numba, that release the GIL.

Importing a module of this package costs most of a second, so its users import it inside the function that needs it. Numba's
cache on disk is only checked against the file of the kernel itself, so kernels that call each other are in one file.
"""
