"""Pure `nn.Module`s: they know nothing of Lightning, files or configs of the study."""
