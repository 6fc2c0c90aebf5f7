<?php
// What a test's WordPress has beside the plugin: a way to the fake observatory, a note of every request, a sidebar.
add_filter( 'http_allowed_safe_ports', fn( $ports ) => array( ...$ports, OBSERVATORY_PORT ) );
add_filter( 'http_request_host_is_external', '__return_true' );
add_filter( 'http_request_args', fn( $how ) => array( 'sslcertificates' => 'OBSERVATORY_CERTIFICATE' ) + $how );
add_filter( 'pre_http_request', function ( $answer, $how, $url ) {
	file_put_contents( WP_CONTENT_DIR . '/requests.log', "$url\n", FILE_APPEND | LOCK_EX );
	return $answer;
}, 10, 3 );
add_action( 'widgets_init', fn() => register_sidebar( array( 'id' => 'test-sidebar', 'name' => 'Test' ) ) );
add_action( 'wp_footer', fn() => dynamic_sidebar( 'test-sidebar' ), 1 );
