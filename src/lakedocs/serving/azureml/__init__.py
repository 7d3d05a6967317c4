"""The classifier as a managed online endpoint of Azure Machine Learning; its SDK lives in an environment of its own."""
