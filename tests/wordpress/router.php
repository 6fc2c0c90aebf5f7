<?php
// PHP's own server answers 404 to any path with a dot that is no file; WordPress has such paths.
$path = parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
$file = $_SERVER['DOCUMENT_ROOT'] . $path;
if ( is_file( $file ) || is_file( rtrim( $file, '/' ) . '/index.php' ) && '/' !== $path ) {
	return false;
}
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
