"""Services of the machine: files, cache folders, threads, onnxruntime, float32."""
