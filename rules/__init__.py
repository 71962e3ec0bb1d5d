"""The bundled signatures: data, one YAML file each. `README.md` says how they are written."""
