<?php
// inside.php FOLDER URL: runs the PHP code on standard input inside the WordPress of FOLDER.
list( , $folder, $url ) = $argv;
$_SERVER['HTTP_HOST']       = parse_url( $url, PHP_URL_HOST ) . ':' . parse_url( $url, PHP_URL_PORT );
$_SERVER['SERVER_NAME']     = parse_url( $url, PHP_URL_HOST );
$_SERVER['REQUEST_URI']     = '/';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
if ( getenv( 'VOIPWATCH_NETWORK' ) ) {
	$_SERVER['HTTP_HOST'] = 'network.example';
}
if ( getenv( 'VOIPWATCH_INSTALLING' ) ) {
	define( 'WP_INSTALLING', true );
}
require $folder . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
add_filter( 'pre_wp_mail', '__return_true' );
ob_start();
eval( stream_get_contents( STDIN ) );
$said = ob_get_clean();
echo $said;
