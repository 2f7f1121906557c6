lock:
	UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--extra local --group build pyproject.toml -o requirements/local.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--extra local --group dev pyproject.toml -c requirements/local.txt -o requirements/dev.txt
