"""vaelib: the small library behind the book *Bits to Latents*.

Every quantity is a per-example sum in nats unless its name says otherwise; averaging over a batch is the last
step. Importing the package (or any module of it) seeds nothing, silences nothing and downloads nothing.
"""

__version__ = "0.1.0"
