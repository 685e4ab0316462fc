"""Pure `nn.Module`s, independent of Lightning, files and study configs."""
