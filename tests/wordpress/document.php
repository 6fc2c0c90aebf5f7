<?php
// document.php FILE: reads one JSON line {"body", "id", "now"} at a time from standard input and answers what the plugin's
// read_document() makes of it, as JSON. A warning of PHP's is an answer too, so that none goes unseen.
define( 'ABSPATH', '/' );
error_reporting( E_ALL );
set_error_handler( function ( $level, $message ) {
	echo json_encode( array( 'warning' => $message ) ), "\n";
	exit( 1 );
} );
require $argv[1];
while ( false !== ( $line = fgets( STDIN ) ) ) {
	$asked = json_decode( $line, true );
	echo json_encode( VoipWatch\Counter\read_document( base64_decode( $asked['body'] ), $asked['id'], $asked['now'] ) ), "\n";
	flush();
}
