<?php
/**
 * Deleting the plugin leaves nothing: no option, no widget, on no site of a network. It has no transient and no cron event.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Remove what one site holds.
 */
function forget_everything() {
	delete_option( 'voipwatch_counter_settings' );
	delete_option( 'voipwatch_counter_data' );
	delete_option( 'voipwatch_counter_lock' );
	delete_option( 'widget_voipwatch_counter' );
	$sidebars = get_option( 'sidebars_widgets' );
	if ( ! is_array( $sidebars ) ) {
		return;
	}
	$without = $sidebars;
	foreach ( $without as $sidebar => $widgets ) {
		if ( is_array( $widgets ) ) {
			$without[ $sidebar ] = array_values( preg_grep( '/^voipwatch_counter-\d+\z/', $widgets, PREG_GREP_INVERT ) );
		}
	}
	if ( $without !== $sidebars ) {
		update_option( 'sidebars_widgets', $without );
	}
}

if ( is_multisite() ) {
	$sites = get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	);
	foreach ( $sites as $site ) {
		switch_to_blog( $site );
		forget_everything();
		restore_current_blog();
	}
} else {
	forget_everything();
}
