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
// A test's own questions, answered in the running server: a tenth of the time of a process of their own.
add_shortcode( 'test_intruder', fn() => 'A SHORTCODE RAN' );
add_action( 'wp_loaded', function () {
	if ( ! isset( $_SERVER['HTTP_X_TEST_CODE'] ) ) {
		return;
	}
	require_once ABSPATH . 'wp-admin/includes/plugin.php';
	require_once ABSPATH . 'wp-admin/includes/file.php';
	ob_start();
	eval( file_get_contents( 'php://input' ) );
	$said = ob_get_clean();
	while ( ob_get_level() ) {
		ob_end_clean();
	}
	echo $said;
	exit;
}, PHP_INT_MAX );
