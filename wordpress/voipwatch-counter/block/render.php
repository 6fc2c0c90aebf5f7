<?php
/**
 * The block on the page.
 *
 * @package VoipWatchCounter
 *
 * @var array $attributes {id, lang, petition}
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

echo wp_kses(
	render( $attributes['id'], $attributes['lang'], $attributes['petition'], get_block_wrapper_attributes( array( 'class' => 'voipwatch-counter' ) ) ),
	allowed_html()
);
