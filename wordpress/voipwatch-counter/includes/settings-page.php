<?php
/**
 * Settings > VoipWatch counter.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

const PAGE = 'voipwatch-counter';

/**
 * The page in the menu, for administrators.
 */
function add_settings_page() {
	add_options_page(
		__( 'VoipWatch counter', 'voipwatch-counter' ),
		__( 'VoipWatch counter', 'voipwatch-counter' ),
		'manage_options',
		PAGE,
		__NAMESPACE__ . '\show_settings_page'
	);
}
add_action( 'admin_menu', __NAMESPACE__ . '\add_settings_page' );

/**
 * The form, by WordPress's own Settings API: it checks the nonce and the capability.
 */
function register_settings() {
	register_setting(
		PAGE,
		SETTINGS_OPTION,
		array(
			'type'              => 'object',
			'sanitize_callback' => __NAMESPACE__ . '\clean_settings',
			'show_in_rest'      => false,
		)
	);
	add_settings_section( 'fetch', __( 'Where the counter comes from', 'voipwatch-counter' ), __NAMESPACE__ . '\explain_fetching', PAGE );
	add_settings_section( 'show', __( 'What is shown', 'voipwatch-counter' ), '__return_null', PAGE );
	$fields = array(
		array( 'observatory', __( 'Observatory', 'voipwatch-counter' ), 'fetch' ),
		array( 'fetch', __( 'Consent', 'voipwatch-counter' ), 'fetch' ),
		array( 'id', __( 'Counter', 'voipwatch-counter' ), 'show' ),
		array( 'lang', __( 'Language', 'voipwatch-counter' ), 'show' ),
		array( 'link', __( 'Link', 'voipwatch-counter' ), 'show' ),
	);
	foreach ( $fields as list( $name, $title, $section ) ) {
		$arguments = in_array( $name, array( 'fetch', 'link' ), true ) ? array() : array( 'label_for' => 'voipwatch-counter-' . $name );
		add_settings_field( $name, $title, __NAMESPACE__ . '\show_' . $name . '_field', PAGE, $section, $arguments );
	}
}
add_action( 'admin_init', __NAMESPACE__ . '\register_settings' );

/**
 * What ticking the box does, said before it is ticked.
 */
function explain_fetching() {
	echo '<p>' . esc_html__( 'The counter’s words and numbers come from a VoipWatch observatory that you choose. Before you agree below, nothing is fetched, neither by this site nor by your readers’ browsers.', 'voipwatch-counter' ) . '</p>';
}

/**
 * The name attribute of a field.
 *
 * @param string $name Which setting.
 * @return string
 */
function field_name( $name ) {
	return SETTINGS_OPTION . '[' . $name . ']';
}

/**
 * A line of text to type.
 *
 * @param string $name        Which setting.
 * @param string $type        An input's type.
 * @param string $placeholder An example.
 * @param string $help        What to type.
 */
function show_line( $name, $type, $placeholder, $help ) {
	printf(
		'<input class="regular-text ltr" type="%1$s" id="voipwatch-counter-%2$s" name="%3$s" value="%4$s" placeholder="%5$s" aria-describedby="voipwatch-counter-%2$s-help"><p class="description" id="voipwatch-counter-%2$s-help">%6$s</p>',
		esc_attr( $type ),
		esc_attr( $name ),
		esc_attr( field_name( $name ) ),
		esc_attr( settings()[ $name ] ),
		esc_attr( $placeholder ),
		esc_html( $help )
	);
}

/**
 * A box to tick.
 *
 * @param string $name  Which setting.
 * @param string $label What it means.
 * @param string $help  What follows from it.
 */
function show_box( $name, $label, $help ) {
	printf(
		'<label><input type="checkbox" name="%1$s" value="1" aria-describedby="voipwatch-counter-%2$s-help"%3$s> %4$s</label><p class="description" id="voipwatch-counter-%2$s-help">%5$s</p>',
		esc_attr( field_name( $name ) ),
		esc_attr( $name ),
		checked( settings()[ $name ], true, false ),
		esc_html( $label ),
		esc_html( $help )
	);
}

/**
 * The observatory's address.
 */
function show_observatory_field() {
	show_line( 'observatory', 'url', 'https://observatory.example', __( 'The address of its site, beginning with https://.', 'voipwatch-counter' ) );
}

/**
 * The consent.
 */
function show_fetch_field() {
	show_box(
		'fetch',
		__( 'Fetch data from this observatory', 'voipwatch-counter' ),
		__( 'This site then asks it a few times a day, and each reader’s browser asks it too, so that the number is today’s. As with any request, the observatory sees the address that asks; no cookie, no referrer and no name of this site is sent.', 'voipwatch-counter' )
	);
}

/**
 * Which counter.
 */
function show_id_field() {
	show_line( 'id', 'text', 'MA', __( 'A country’s code, as in MA, or an incident’s name. A block, shortcode or widget may name another.', 'voipwatch-counter' ) );
}

/**
 * In which language.
 */
function show_lang_field() {
	$choices = array(
		'auto' => __( 'The site’s language', 'voipwatch-counter' ),
		'ar'   => 'العربية',
		'en'   => 'English',
		'fr'   => 'Français',
	);
	$chosen  = settings()['lang'];
	if ( ! isset( $choices[ $chosen ] ) ) {
		$choices[ $chosen ] = $chosen;
	}
	printf( '<select id="voipwatch-counter-lang" name="%s">', esc_attr( field_name( 'lang' ) ) );
	foreach ( $choices as $lang => $label ) {
		printf(
			'<option value="%1$s"%2$s>%3$s</option>',
			esc_attr( $lang ),
			selected( $chosen, $lang, false ),
			esc_html( $label )
		);
	}
	echo '</select>';
}

/**
 * Whether to link.
 */
function show_link_field() {
	show_box(
		'link',
		__( 'Link the counter’s source to the observatory’s page', 'voipwatch-counter' ),
		__( 'Off: the source is named without a link.', 'voipwatch-counter' )
	);
}

/**
 * The page.
 */
function show_settings_page() {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1><form action="options.php" method="post">';
	settings_fields( PAGE );
	do_settings_sections( PAGE );
	submit_button();
	echo '</form>';
	show_state();
	echo '</div>';
}

/**
 * What was fetched when, and what went wrong.
 */
function show_state() {
	$data = stored();
	if ( array() === $data ) {
		return;
	}
	echo '<h2>' . esc_html__( 'What was fetched', 'voipwatch-counter' ) . '</h2><table class="widefat striped"><thead><tr>';
	$heads = array(
		__( 'Counter', 'voipwatch-counter' ),
		__( 'Last good answer', 'voipwatch-counter' ),
		__( 'Asked again after', 'voipwatch-counter' ),
		__( 'Last failure', 'voipwatch-counter' ),
	);
	foreach ( $heads as $head ) {
		echo '<th scope="col">' . esc_html( $head ) . '</th>';
	}
	echo '</tr></thead><tbody>';
	foreach ( $data as $id => $entry ) {
		echo '<tr><td>' . esc_html( (string) $id ) . '</td><td>' . esc_html( in_words( $entry['fetched_at'] ) ) . '</td><td>' . esc_html( in_words( $entry['ask_at'] ) ) . '</td><td>' . esc_html( failure_in_words( $entry['failure'] ) ) . '</td></tr>';
	}
	echo '</tbody></table>';
}

/**
 * An instant in the site's own form.
 *
 * @param int $at Seconds since 1970; 0 for never.
 * @return string
 */
function in_words( $at ) {
	return 0 === $at ? __( 'never', 'voipwatch-counter' ) : (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $at );
}

/**
 * What ask() says of a failure, for people.
 *
 * @param string $failure As ask() says it.
 * @return string
 */
function failure_in_words( $failure ) {
	if ( '' === $failure ) {
		return '–';
	}
	if ( 'unreachable' === $failure ) {
		return __( 'No answer within three seconds, or no connection.', 'voipwatch-counter' );
	}
	if ( 0 === strpos( $failure, 'status ' ) ) {
		/* translators: %s: an HTTP status code, as in 404. */
		return sprintf( __( 'The observatory answered with status %s: does it have this counter?', 'voipwatch-counter' ), substr( $failure, 7 ) );
	}
	return __( 'The answer was no counter that this plugin understands.', 'voipwatch-counter' );
}

/**
 * A link to the settings beside the plugin's name.
 *
 * @param array $links What stands there.
 * @return array
 */
function add_action_link( $links ) {
	$link = sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'options-general.php?page=' . PAGE ) ), esc_html__( 'Settings', 'voipwatch-counter' ) );
	return array_merge( array( $link ), $links );
}
add_filter( 'plugin_action_links_' . plugin_basename( FILE ), __NAMESPACE__ . '\add_action_link' );

/**
 * A paragraph for the site's own privacy policy.
 */
function suggest_privacy_text() {
	$text = __( 'Pages with a VoipWatch counter ask the observatory named in its settings for the counter’s data, from your browser and without cookies or a referrer. The observatory thereby sees your network address.', 'voipwatch-counter' );
	wp_add_privacy_policy_content( __( 'VoipWatch counter', 'voipwatch-counter' ), '<p>' . esc_html( $text ) . '</p>' );
}
add_action( 'admin_init', __NAMESPACE__ . '\suggest_privacy_text' );
