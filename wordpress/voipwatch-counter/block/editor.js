/**
 * The block in the editor: three fields, and what PHP renders for them. No build step: WordPress's own globals.
 */
( function ( wp ) {
	'use strict';
	var el = wp.element.createElement;
	var __ = wp.i18n.__;
	var InspectorControls = wp.blockEditor.InspectorControls;
	var useBlockProps = wp.blockEditor.useBlockProps;
	var PanelBody = wp.components.PanelBody;
	var SelectControl = wp.components.SelectControl;
	var TextControl = wp.components.TextControl;
	var Disabled = wp.components.Disabled;

	function languages( chosen ) {
		var choices = [
			{ value: '', label: __( 'As in the settings', 'voipwatch-counter' ) },
			{ value: 'ar', label: 'العربية' },
			{ value: 'en', label: 'English' },
			{ value: 'fr', label: 'Français' }
		];
		var listed = choices.some( function ( choice ) {
			return choice.value === chosen;
		} );
		return listed ? choices : choices.concat( [ { value: chosen, label: chosen } ] );
	}

	function Edit( props ) {
		var attributes = props.attributes;
		// Asked only once the name is left, so that no half-typed counter is fetched.
		var typed = wp.element.useState( attributes.id );
		var petition = wp.element.useState( attributes.petition );
		return el(
			'div',
			useBlockProps(),
			el(
				InspectorControls,
				null,
				el(
					PanelBody,
					{ title: __( 'Counter', 'voipwatch-counter' ) },
					el( TextControl, {
						label: __( 'Counter (empty: the one of the settings)', 'voipwatch-counter' ),
						help: __( 'A country’s code, as in MA, or an incident’s name.', 'voipwatch-counter' ),
						value: typed[ 0 ],
						onChange: typed[ 1 ],
						onBlur: function () {
							props.setAttributes( { id: typed[ 0 ].trim() } );
						}
					} ),
					el( SelectControl, {
						label: __( 'Language', 'voipwatch-counter' ),
						value: attributes.lang,
						options: languages( attributes.lang ),
						onChange: function ( lang ) {
							props.setAttributes( { lang: lang } );
						}
					} ),
					el( TextControl, {
						label: __( 'Petition (empty: none)', 'voipwatch-counter' ),
						help: __( 'A petition of the observatory: how many have signed is shown too.', 'voipwatch-counter' ),
						value: petition[ 0 ],
						onChange: petition[ 1 ],
						onBlur: function () {
							props.setAttributes( { petition: petition[ 0 ].trim() } );
						}
					} )
				)
			),
			el(
				Disabled,
				null,
				el( wp.serverSideRender, {
					block: 'voipwatch/counter',
					attributes: attributes,
					skipBlockSupportAttributes: true
				} )
			)
		);
	}

	wp.blocks.registerBlockType( 'voipwatch/counter', {
		edit: Edit,
		save: function () {
			return null;
		}
	} );
} )( window.wp );
