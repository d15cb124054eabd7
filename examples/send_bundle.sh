#!/usr/bin/env bash
# Records a bundle from a file with curl, once: however often the network fails or the script is run again, as its Idempotency-Key is
# made of the file.
#
#   KEY=onr_… examples/send_bundle.sh http://127.0.0.1:8080 story.json

set -euo pipefail
server=$1 bundle=$2
key=$(sha256sum <"$bundle" | cut -c1-64)

# A 429 or 503 says when to come back, and curl heeds it. A 422 says in its body what is to be mended: --fail-with-body shows it.
curl --silent --show-error --fail-with-body --retry 8 --retry-connrefused --retry-max-time 300 \
    --header "Authorization: Bearer $KEY" --header 'Content-Type: application/json' --header "Idempotency-Key: $key" \
    --write-out '\n' --data-binary "@$bundle" "$server/v1/bundles"
