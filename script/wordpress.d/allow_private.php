<?php
// WordPress asks no server in a private network, and few ports, unless it is allowed to. Here whoever runs it names the addresses.
add_filter('http_request_host_is_external', '__return_true');
add_filter('http_allowed_safe_ports', fn ($ports, $host, $url) => [...$ports, (int) parse_url($url, PHP_URL_PORT)], 10, 3);
