from small_tokenizers import counts, network_folder, tokenizers

__all__ = ["counts", "network_folder", "tokenizers"]
