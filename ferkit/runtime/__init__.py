"""What the machine gives: files, cache folders, threads, onnxruntime, float32."""
