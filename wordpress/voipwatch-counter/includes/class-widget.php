<?php
/**
 * The classic widget.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

/**
 * A counter in a sidebar.
 */
class Widget extends \WP_Widget {

	/**
	 * Its name and place in the list of widgets.
	 */
	public function __construct() {
		parent::__construct(
			'voipwatch_counter',
			__( 'VoipWatch counter', 'voipwatch-counter' ),
			array(
				'description'           => __( 'How long internet calls have been blocked.', 'voipwatch-counter' ),
				'classname'             => 'widget_voipwatch_counter',
				'show_instance_in_rest' => true,
			)
		);
	}

	/**
	 * Show it.
	 *
	 * @param array $args     The sidebar's own HTML.
	 * @param array $instance {title, id, lang, petition}.
	 */
	public function widget( $args, $instance ) {
		$instance = $this->complete( $instance );
		$html     = render( $instance['id'], $instance['lang'], $instance['petition'], 'class="voipwatch-counter"' );
		if ( '' === $html ) {
			return;
		}
		echo wp_kses_post( $args['before_widget'] );
		if ( '' !== $instance['title'] ) {
			echo wp_kses_post( $args['before_title'] ) . esc_html( $instance['title'] ) . wp_kses_post( $args['after_title'] );
		}
		echo wp_kses( $html, allowed_html() );
		echo wp_kses_post( $args['after_widget'] );
	}

	/**
	 * Its form.
	 *
	 * @param array $instance {title, id, lang, petition}.
	 */
	public function form( $instance ) {
		$instance = $this->complete( $instance );
		$fields   = array(
			'title'    => __( 'Title', 'voipwatch-counter' ),
			'id'       => __( 'Counter (empty: the one of the settings)', 'voipwatch-counter' ),
			'lang'     => __( 'Language (empty: the one of the settings)', 'voipwatch-counter' ),
			'petition' => __( 'Petition (empty: none)', 'voipwatch-counter' ),
		);
		foreach ( $fields as $name => $label ) {
			printf(
				'<p><label for="%1$s">%2$s</label><input class="widefat" type="text" id="%1$s" name="%3$s" value="%4$s"></p>',
				esc_attr( $this->get_field_id( $name ) ),
				esc_html( $label ),
				esc_attr( $this->get_field_name( $name ) ),
				esc_attr( $instance[ $name ] )
			);
		}
	}

	/**
	 * What the form sent, made safe.
	 *
	 * @param array $typed  What was sent.
	 * @param array $before What was kept.
	 * @return array
	 */
	public function update( $typed, $before ) {
		$typed  = $this->complete( $typed );
		$before = $this->complete( $before );
		return array(
			'title'    => sanitize_text_field( $typed['title'] ),
			'id'       => '' === $typed['id'] || is_counter_id( $typed['id'] ) ? $typed['id'] : $before['id'],
			'lang'     => '' === $typed['lang'] || is_language( $typed['lang'] ) ? $typed['lang'] : $before['lang'],
			'petition' => '' === $typed['petition'] || is_petition_id( $typed['petition'] ) ? $typed['petition'] : $before['petition'],
		);
	}

	/**
	 * All four fields, as text.
	 *
	 * @param mixed $instance What was kept or sent.
	 * @return array
	 */
	private function complete( $instance ) {
		$whole = array(
			'title'    => '',
			'id'       => '',
			'lang'     => '',
			'petition' => '',
		);
		foreach ( array_keys( $whole ) as $name ) {
			if ( isset( $instance[ $name ] ) && is_string( $instance[ $name ] ) ) {
				$whole[ $name ] = trim( $instance[ $name ] );
			}
		}
		return $whole;
	}
}
