<?php
/**
 * What was fetched, kept: one option, never loaded on pages without a counter.
 *
 * An entry: {document (or null), fetched_at, ask_at, failures, failure}. The last good document outlives every failure.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

const DATA_OPTION = 'voipwatch_counter_data';
const LOCK_OPTION = 'voipwatch_counter_lock';

// Authors may name counters in shortcodes: a handful is a use, more is a mistake or a nuisance to the observatory.
const MAX_COUNTERS = 20;
// A counter that nobody asked anew for this long makes room.
const FORGET_AFTER_S = 604800;

// A correction reaches the page within a day, whatever the document says of its next change.
const MAX_WAIT_S = 86400;
// What is past its own date (a mirror) is asked again by the hour.
const STALE_WAIT_S = 3600;
// As the element does: ten thousand sites must not ask at the same midnight.
const MAX_SPREAD_S = 600;
// After a failure: 5 minutes, doubled each time, six hours at most.
const FIRST_RETRY_S = 300;
const MAX_RETRY_S   = 21600;

const LOCK_BUCKET_S = 60;

/**
 * All that is kept.
 *
 * @return array {ID: entry}
 */
function stored() {
	$data = get_option( DATA_OPTION, array() );
	return is_array( $data ) ? $data : array();
}

/**
 * Forget what this process read of the option before it had the lock: another may have written since.
 */
function read_anew() {
	wp_cache_delete( DATA_OPTION, 'options' );
	$absent = wp_cache_get( 'notoptions', 'options' );
	if ( is_array( $absent ) && isset( $absent[ DATA_OPTION ] ) ) {
		unset( $absent[ DATA_OPTION ] );
		wp_cache_set( 'notoptions', $absent, 'options' );
	}
}

/**
 * Whether a counter is to be asked for now.
 *
 * @param array|null $entry What is kept of it.
 * @param int        $now   Seconds since 1970.
 * @return bool
 */
function is_due( $entry, $now ) {
	return null === $entry || $now >= $entry['ask_at'];
}

/**
 * When to ask again after a good answer.
 *
 * @param array $document What was read.
 * @param int   $now      Seconds since 1970.
 * @param int   $spread_s Drawn by lot, 0 to MAX_SPREAD_S.
 * @return int Seconds since 1970.
 */
function ask_again_at( $document, $now, $spread_s ) {
	$expires = $now + MAX_WAIT_S;
	foreach ( array( 'valid_until', 'next_change_at' ) as $name ) {
		if ( null !== $document[ $name ] ) {
			$expires = min( $expires, $document[ $name ] );
		}
	}
	return ( $expires <= $now ? $now + STALE_WAIT_S : $expires ) + $spread_s;
}

/**
 * Keep an answer, or count a failure beside the last good answer.
 *
 * @param string     $id       The counter.
 * @param array|null $document What was read; null where the request failed.
 * @param string     $failure  Why, in a word for the settings page.
 * @param int        $now      Seconds since 1970.
 */
function keep( $id, $document, $failure, $now ) {
	$data = stored();
	$old  = isset( $data[ $id ] ) ? $data[ $id ] : null;
	if ( null !== $document ) {
		$entry = array(
			'document'   => $document,
			'fetched_at' => $now,
			'ask_at'     => ask_again_at( $document, $now, wp_rand( 0, MAX_SPREAD_S ) ),
			'failures'   => 0,
			'failure'    => '',
		);
	} else {
		$failures = ( $old ? $old['failures'] : 0 ) + 1;
		$entry    = array(
			'document'   => $old ? $old['document'] : null,
			'fetched_at' => $old ? $old['fetched_at'] : 0,
			'ask_at'     => $now + (int) min( MAX_RETRY_S, FIRST_RETRY_S * pow( 2, min( 10, $failures - 1 ) ) ),
			'failures'   => $failures,
			'failure'    => $failure,
		);
	}
	$data[ $id ] = $entry;
	update_option( DATA_OPTION, $data, false );
}

/**
 * Whether there is room for a counter, made by forgetting those that no page shows any more.
 *
 * @param string $id  The counter.
 * @param int    $now Seconds since 1970.
 * @return bool
 */
function has_room( $id, $now ) {
	$data = stored();
	if ( isset( $data[ $id ] ) || count( $data ) < MAX_COUNTERS ) {
		return true;
	}
	foreach ( $data as $each => $entry ) {
		if ( $entry['ask_at'] + FORGET_AFTER_S < $now ) {
			unset( $data[ $each ] );
		}
	}
	if ( count( $data ) >= MAX_COUNTERS ) {
		return false;
	}
	update_option( DATA_OPTION, $data, false );
	return true;
}

/**
 * One request at a time, for at most two minutes even if its process dies.
 *
 * The database decides who was first, not a cache: as core's WP_Upgrader::create_lock() does, a row is inserted where
 * there is none, and a lock whose holder died is exchanged only by whoever still finds the dead one's value. (add_option()
 * tells two that come at once in two different minutes that each was first.)
 *
 * @param int $now Seconds since 1970.
 * @return bool Whether it is ours.
 */
function take_lock( $now ) {
	global $wpdb;
	$bucket = (string) intdiv( $now, LOCK_BUCKET_S );
	$insert = "INSERT IGNORE INTO `$wpdb->options` ( `option_name`, `option_value`, `autoload` ) VALUES ( %s, %s, 'no' )";
	if ( $wpdb->query( $wpdb->prepare( $insert, LOCK_OPTION, $bucket ) ) ) {
		return true;
	}
	$select = "SELECT `option_value` FROM `$wpdb->options` WHERE `option_name` = %s";
	$held   = $wpdb->get_var( $wpdb->prepare( $select, LOCK_OPTION ) );
	if ( null === $held || abs( (int) $bucket - (int) $held ) <= 1 ) {
		return false;
	}
	$update = "UPDATE `$wpdb->options` SET `option_value` = %s WHERE `option_name` = %s AND `option_value` = %s";
	return 1 === $wpdb->query( $wpdb->prepare( $update, $bucket, LOCK_OPTION, $held ) );
}

/**
 * The end of take_lock().
 */
function release_lock() {
	delete_option( LOCK_OPTION );
}

/**
 * Another observatory, or none: what the former one said is no longer ours to show.
 *
 * @param mixed $before The settings that were.
 * @param mixed $after  The settings that are.
 */
function forget_when_changed( $before, $after ) {
	$before = array_merge( default_settings(), is_array( $before ) ? $before : array() );
	$after  = array_merge( default_settings(), is_array( $after ) ? $after : array() );
	if ( $before['observatory'] !== $after['observatory'] || ! $after['fetch'] ) {
		delete_option( DATA_OPTION );
	}
}
add_action( 'update_option_' . SETTINGS_OPTION, __NAMESPACE__ . '\forget_when_changed', 10, 2 );
